// https://git-scm.com/docs/git-clone#_git_urls: without a scheme, host and path are parted by the first colon
const SCP_LIKE = /^(?:[^@/:]*@)?([^@/:\s]+):(?!\/\/)\/?(\S+)$/;

const PUBLIC = new Set(['https:', 'http:', 'ssh:', 'git:']);

/** Returns a remote's URL without user, password, query and fragment; undefined for a path or an invalid URL. */
export function publicUrl(remote: string): string | undefined {
  const [, host, path] = SCP_LIKE.exec(remote) ?? [];
  const url = URL.parse(host === undefined ? remote : `ssh://${host}/${path}`);
  if (url === null || !PUBLIC.has(url.protocol) || url.hostname === '') return undefined;
  return `${url.protocol}//${url.host}${url.pathname}`;
}
