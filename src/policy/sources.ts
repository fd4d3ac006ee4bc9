/**
 * Returns true if a policy's source is the repository of a build's source, at any ref. A source without a scheme
 * matches any scheme; `git+`, `.git`, a trailing slash and the case of the host are ignored.
 */
export function isSource(rule: string, source: string): boolean {
  const [wanted, found] = [repositoryOf(rule), repositoryOf(source)];
  return (
    wanted.place !== '' &&
    wanted.place === found.place &&
    (wanted.scheme === undefined || wanted.scheme === found.scheme)
  );
}

type SourceRepository = { readonly scheme?: string; readonly place: string };

/**
 * Treats `git+https://host/owner/name.git@refs/heads/main` and BuildKit's `https://host/owner/name.git#main:folder`
 * alike.
 */
function repositoryOf(source: string): SourceRepository {
  const [, written, rest = ''] = /^(?:(?:git\+)?([a-z]+):\/\/)?(.*)$/is.exec(source.trim()) ?? [];
  // the builder may fill in everything after the ref: it must not change the repository before it
  const named = rest.replace(/[@#?].*$/s, '').replace(/(?:\.git)?\/?$/, '');
  const place = named.replace(/^[^/]*/, (host) => host.toLowerCase());
  return written === undefined ? { place } : { scheme: written.toLowerCase(), place };
}
