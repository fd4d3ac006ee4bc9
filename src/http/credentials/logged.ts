import type { Narrator } from '../../events.ts';
import { credentialName, type Credential, type CredentialSource } from './credential.ts';

/**
 * Wraps a source so that it logs, at level debug and once for each host, which credentials are used, or that there are
 * none.
 */
export function logged(source: CredentialSource, narrate: Narrator): CredentialSource {
  const said = new Set<string>();
  // The last result by host: each request to an anonymous registry asks, and the answer is the same.
  const last = new Map<string, Credential | undefined>();
  return async (host, signal, query) => {
    const found = await source(host, signal, query);
    if (last.get(host) === found && last.has(host)) return found;
    last.set(host, found);
    const message =
      found === undefined
        ? `No credentials for ${host}: its requests are anonymous`
        : `Using ${credentialName(found)} for ${host}`;
    if (!said.has(message)) narrate({ type: 'log', level: 'debug', message });
    said.add(message);
    return found;
  };
}
