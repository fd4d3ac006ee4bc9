type Environment = Readonly<Record<string, string | undefined>>;

/** Variables for every program: paths of programs, files and servers, the locale, and their equivalents on Windows. */
const ANY =
  'PATH HOME USER LOGNAME LANG LANGUAGE LC_* TZ TMPDIR TEMP TMP XDG_* HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY ' +
  'SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS CURL_CA_BUNDLE REQUESTS_CA_BUNDLE DOCKER_CONFIG REGISTRY_AUTH_FILE ' +
  'SYSTEMROOT WINDIR COMSPEC PATHEXT USERPROFILE APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES HOMEDRIVE HOMEPATH';

const GOOGLE = 'GOOGLE_* CLOUDSDK_* GCE_METADATA_* GCLOUD_PROJECT GCP_PROJECT METADATA_SERVER_DETECTION';
const AWS = 'AWS_*';
const AZURE = 'AZURE_* ARM_* MSI_ENDPOINT MSI_SECRET IDENTITY_ENDPOINT IDENTITY_HEADER';
const GNUPG = 'GNUPGHOME GPG_TTY GPG_AGENT_INFO PASSWORD_STORE_*';
const DESKTOP = 'DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY XAUTHORITY';
const KEYCHAIN = '__CF_USER_TEXT_ENCODING SECURITYSESSIONID';

/**
 * Variables for known programs: credential helpers by the suffix of their name, scanners by their whole name. A scanner
 * logs in to registries by itself, and starts helpers for that.
 */
const NEEDS: Readonly<Record<string, string>> = {
  gcloud: GOOGLE,
  gcr: GOOGLE,
  google: GOOGLE,
  'ecr-login': AWS,
  'acr-env': `${AZURE} ACR_*`,
  'acr-login': AZURE,
  acr: AZURE,
  pass: `${GNUPG} ${DESKTOP}`,
  secretservice: DESKTOP,
  osxkeychain: KEYCHAIN,
  desktop: `${DESKTOP} ${KEYCHAIN} DOCKER_*`,
  env: `DOCKER_* ${AWS} GITHUB_TOKEN`,
  gh: 'GH_* GITHUB_TOKEN',
  ghcr: 'GH_* GITHUB_TOKEN GITHUB_ACTOR',
  'ghcr-login': 'GH_* GITHUB_TOKEN GITHUB_ACTOR',
  gitlab: 'GITLAB_* CI_JOB_TOKEN CI_REGISTRY*',
  'vault-login': 'VAULT_* DCVL_*',
};
const SCANNER = `DOCKER_* ${GOOGLE} ${AWS} ${AZURE} ${GNUPG} ${DESKTOP} ${KEYCHAIN}`;

/** Variable that names further variables, for unknown programs. */
const FURTHER = 'KPROMO_PASS_ENV';

/** Returns the environment for a credential helper; an unknown `docker-credential-acme` gets `ACME_*`. */
export function helperEnvironment(name: string, env: Environment): Record<string, string> {
  const own = `${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_*`;
  return passed(`${ANY} ${NEEDS[name] ?? own}`, env);
}

/** Returns the environment for a scanner, including these variables of its own. */
export function scannerEnvironment(own: string, env: Environment): Record<string, string> {
  return passed(`${ANY} ${SCANNER} ${own}`, env);
}

function passed(names: string, env: Environment): Record<string, string> {
  const wanted = [...names.split(' '), ...(env[FURTHER] ?? '').toUpperCase().split(/[\s,]+/)];
  const exact = new Set(wanted);
  const prefixes = wanted.filter((name) => name.length > 1 && name.endsWith('*')).map((name) => name.slice(0, -1));
  const isWanted = (name: string): boolean => exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && isWanted(name.toUpperCase()) ? [[name, value]] : [],
    ),
  );
}
