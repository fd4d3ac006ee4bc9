// Nothing is imported before the version check, so that an old Node.js prints a sentence instead of a syntax error.

/** The oldest supported Node.js, as in `engines` of package.json. */
const OLDEST_NODE = [22, 22, 2] as const;

const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number);
const age = major - OLDEST_NODE[0] || minor - OLDEST_NODE[1] || patch - OLDEST_NODE[2];

if (age < 0) {
  process.stderr.write(`kpromo needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.version}.\n`);
  process.exitCode = 1;
} else {
  const [{ main }, { realClock }, { signalCode, stopReason, STOP_SIGNALS }] = await Promise.all([
    import('./main.ts'),
    import('../clock.ts'),
    import('./exit-codes.ts'),
  ]);
  const controller = new AbortController();
  const stop = (signal: (typeof STOP_SIGNALS)[number]): void => {
    // a second signal ends the process without waiting for the summary
    if (controller.signal.aborted) process.exit(signalCode(signal));
    controller.abort(stopReason(signal));
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  const { env, stdout, stderr } = process;
  process.exitCode = await main(process.argv.slice(2), {
    env,
    stdout,
    stderr,
    clock: realClock(),
    signal: controller.signal,
  });
  for (const signal of STOP_SIGNALS) process.off(signal, stop);
}
