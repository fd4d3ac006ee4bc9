import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PromotionError, type Position } from '../errors.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { misplacedSecrets } from '../secrets/find-secrets.ts';
import type { YamlProblem } from '../yaml/document.ts';
import { fileError } from '../yaml/file-error.ts';
import type { RegistryConfig, RegistrySettings } from './config.ts';
import { parseRegistryConfig } from './parse.ts';
import { certificateProblem, keyProblem } from './pem.ts';

/**
 * Loads a registry configuration with the files that it names, relative to its folder. Throws CONFIG_INVALID with all
 * problems and their positions.
 */
export async function loadRegistryConfig(file: string, secrets?: Pick<Secrets, 'learn'>): Promise<RegistryConfig> {
  const bytes = await readNamed(file).catch((error: unknown) => {
    throw new PromotionError('CONFIG_INVALID', `reading the registry configuration ${file}: ${reasonOf(error)}`, {
      hint: 'name an existing, readable file with --registry-config',
      cause: error,
    });
  });
  // an error must not repeat a token that was written in the wrong place
  for (const secret of misplacedSecrets(bytes.toString('utf8'))) secrets?.learn(secret);
  const parsed = parseRegistryConfig(file, bytes);
  if ('problems' in parsed) throw fileError('CONFIG_INVALID', parsed.problems);
  const problems: YamlProblem[] = [];
  const { version: _, ...config } = parsed.value;
  const registries = await Promise.all(
    config.registries.map((registry, index) =>
      withFiles(registry, path.dirname(file), (...keys) => parsed.at('registries', index, ...keys), problems),
    ),
  );
  if (problems.length > 0) throw fileError('CONFIG_INVALID', problems);
  return { ...config, registries };
}

/** Replaces the paths of certificates and keys by the contents of the files. */
async function withFiles(
  { ca, clientCertificate, ...settings }: RegistrySettings,
  folder: string,
  at: (...keys: readonly string[]) => Position,
  problems: YamlProblem[],
): Promise<RegistrySettings> {
  const pem = async (
    key: string,
    named: string,
    position: Position,
    problemOf: (text: string) => string | undefined,
  ): Promise<string> => {
    try {
      const text = (await readNamed(path.resolve(folder, named))).toString('utf8');
      const problem = problemOf(text);
      if (problem !== undefined) problems.push({ message: `"${key}": ${named} ${problem}`, hint: PEM_HINT, position });
      return text;
    } catch (error) {
      const hint = 'check the path: it is relative to the folder of the configuration';
      problems.push({ message: `"${key}": reading ${named}: ${reasonOf(error)}`, hint, position });
      return '';
    }
  };
  const trusted = ca === undefined ? {} : { ca: await pem('ca', ca, at('ca'), certificateProblem) };
  if (clientCertificate === undefined) return { ...settings, ...trusted };
  const cert = await pem('cert', clientCertificate.cert, at('clientCertificate', 'cert'), certificateProblem);
  const key = await pem('key', clientCertificate.key, at('clientCertificate', 'key'), (text) => keyProblem(text, cert));
  return { ...settings, ...trusted, clientCertificate: { cert, key } };
}

const PEM_HINT = 'use a file in PEM form, which begins with "-----BEGIN"';

/** Ten times the certificates of a whole operating system. */
const MAX_BYTES = 4 * 1024 * 1024;

async function readNamed(file: string): Promise<Buffer> {
  const bytes = await readFile(file);
  if (bytes.length > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
  return bytes;
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  return code ?? (error instanceof Error ? error.message : String(error));
}
