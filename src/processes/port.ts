/** One end of a channel between two processes. Messages arrive in order, until the channel is lost. */
export type Port = {
  /** Sends a message that JSON can hold; does nothing after the channel is lost. */
  send(message: object): void;
  /** Calls `receive` with each message of the other end; the returned function ends that. */
  onMessage(receive: (message: unknown) => void): () => void;
  /** Resolves, with the reason, when the other end is gone. */
  readonly lost: Promise<string>;
};

/** The parts of a process, or of the handle of a child, that a channel needs. */
type Channel = {
  readonly connected: boolean;
  send?(message: object, sent: (error: Error | null) => void): boolean;
  on(event: 'message', receive: (message: unknown) => void): unknown;
  off(event: 'message', receive: (message: unknown) => void): unknown;
  once(event: 'disconnect', lost: () => void): unknown;
};

/** Returns this end of the IPC channel: of a child for its parent, of `process` for the child. */
export function portOf(channel: Channel): Port {
  const lost = new Promise<string>((resolve) => {
    if (channel.connected) channel.once('disconnect', () => resolve('the other process ended'));
    else resolve('there is no other process');
  });
  return {
    send: (message) => {
      // The other end may close the channel at any moment; `lost` reports that.
      if (channel.connected) channel.send?.(message, () => undefined);
    },
    onMessage: (receive) => {
      channel.on('message', receive);
      return () => void channel.off('message', receive);
    },
    lost,
  };
}
