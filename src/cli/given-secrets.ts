import { existsSync } from 'node:fs';
import { openSecrets, type Secrets } from '../secrets/secrets.ts';
import { environmentSecrets, loginsIn, misplacedSecrets } from '../secrets/find-secrets.ts';

/** Flags that take the path of a secret; some people pass the secret itself. */
const SECRET_FILES = /^--?(?:key|identity-token|summary-identity-token)(?:=|$)/;
const FLAG = /^--?[a-z]/;
/** Flags that may take a commit. */
const COMMITS = /^--?manifest-diff-since(?:=|$)/;

/** Collects the secrets in the environment and on the command line, including those passed where a path belongs. */
export function givenSecrets(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Secrets {
  const secrets = openSecrets();
  environmentSecrets(env).forEach(secrets.learn);
  for (const [index, word] of argv.entries()) {
    const [flag, value] = FLAG.test(word) ? [word, valueOf(word)] : [flagBefore(argv[index - 1]), word];
    const isName = (text: string): boolean => existsSync(text) || (COMMITS.test(flag) && /^[0-9a-f]+$/.test(text));
    [...loginsIn(word), ...misplacedSecrets(word, isName)].forEach(secrets.learn);
    if (SECRET_FILES.test(flag) && !isPath(value)) secrets.learn(value);
  }
  return secrets;
}

/** Returns the value within the word; empty if the next word is the value. */
function valueOf(word: string): string {
  return word.includes('=') ? word.slice(word.indexOf('=') + 1) : '';
}

/** Returns the flag that takes the next word as its value. */
function flagBefore(word = ''): string {
  return FLAG.test(word) && !word.includes('=') ? word : '';
}

/** Returns true if the text starts like a path, has an extension, or names an existing file. */
function isPath(text: string): boolean {
  return /^(?:[./~]|[a-z0-9+]+:\/\/)|\.[a-z]{2,5}$/i.test(text) || existsSync(text);
}
