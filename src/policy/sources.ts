/**
 * True when a policy's source names the repository of a build's source, whatever its ref. A source without a scheme
 * stands for any; `git+`, `.git`, a slash at the end and the case of the host say nothing about which repository it is.
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

/** `git+https://host/owner/name.git@refs/heads/main` and BuildKit's `https://host/owner/name.git#main:folder` alike. */
function repositoryOf(source: string): SourceRepository {
  const [, written, rest = ''] = /^(?:(?:git\+)?([a-z]+):\/\/)?(.*)$/is.exec(source.trim()) ?? [];
  // everything from the ref on is the builder's to fill: it never makes another repository of the one before it
  const named = rest.replace(/[@#?].*$/s, '').replace(/(?:\.git)?\/?$/, '');
  const place = named.replace(/^[^/]*/, (host) => host.toLowerCase());
  return written === undefined ? { place } : { scheme: written.toLowerCase(), place };
}
