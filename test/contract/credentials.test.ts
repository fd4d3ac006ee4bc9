import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { acrSubject, dockerSubject, ecrSubject, helperSubject } from './credentials.subjects.ts';
import { ghcrSubject, gitlabSubject, googleSubjects } from './credentials.subjects.ts';
import { credentialsContract } from './credentials.contract.ts';

const GOOGLE_LOOK_ALIKES = [
  'pkg.dev',
  'pkg.dev.evil.com',
  'us-docker.pkg.dev.evil.com',
  'evil-pkg.dev',
  'us-docker-pkg.dev',
  'us.docker.pkg.dev',
  'us-docker.pkg.dev:8443',
  'us-docker.pkg.dev@evil.com',
  'evil-gcr.io',
  'evilgcr.io',
  'gcr.io.evil.com',
  'gcr.io.',
  'gcr.io:80',
  'a.b.gcr.io',
  'gcr-io',
  'evil.com/gcr.io',
  '.gcr.io',
  'gcr.io\n.evil.com',
];

for (const [name, open] of Object.entries(googleSubjects)) {
  credentialsContract(`google, ${name}`, open, { lookAlikes: GOOGLE_LOOK_ALIKES, life: 3_600_000 });
}

credentialsContract('ecr', ecrSubject, {
  life: 43_200_000,
  lookAlikes: [
    '123456789012xdkr.ecr.us-east-1.amazonaws.com',
    '123456789012.xdkr.ecr.us-east-1.amazonaws.com',
    'xdkr.ecr.us-east-1.amazonaws.com',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.com',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com.cn.evil.com',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com.cn',
    '123456789012.dkr.ecr.evil.com',
    '123456789012.dkr.ecr.us-east-1.evilamazonaws.com',
    '123456789012.dkr.ecr.us.east.amazonaws.com',
    '12345678901.dkr.ecr.us-east-1.amazonaws.com',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com:8443',
    '123456789012.dkr-ecr.us-east-1.on.aws.evil.com',
    'public.ecr.aws',
    'evil.public.ecr.aws',
  ],
});

credentialsContract('acr', acrSubject, {
  life: 3_600_000,
  lookAlikes: [
    'azurecr.io',
    'acme.azurecr.io.evil.com',
    'evil-azurecr.io',
    'acme.azurecr.io:444',
    'acme.evil.azurecr.io',
    'acmeazurecr.io',
    'acme.azurecr.com',
  ],
});

credentialsContract('ghcr', ghcrSubject, {
  constant: 'it is in the environment',
  lookAlikes: ['ghcr.io.evil', 'evil-ghcr.io', 'x.ghcr.io', 'ghcr.io:5000', 'ghcr.io.', 'ghcr-io', 'github.com'],
});

credentialsContract('gitlab', gitlabSubject, {
  constant: 'it is in the environment',
  lookAlikes: [
    'registry.gitlab.example',
    'registry.gitlab.example:5051',
    'registry.gitlab.example:5050.evil.com',
    'evil.registry.gitlab.example:5050',
    'registry.gitlab.com',
  ],
});

credentialsContract('docker-config', dockerSubject, {
  constant: 'the file is read once a run',
  lookAlikes: ['registry.example.evil.com', 'evil-registry.example', 'registry.example:5000', 'registryxexample'],
});

credentialsContract('docker-config with a helper', helperSubject, {
  lookAlikes: ['registry.example.evil.com', 'evil-registry.example', 'registry.example:5000'],
});

it('permits metadata addresses only to the sources google and ecr', async () => {
  const askers: string[] = [];
  for await (const path of glob('src/**/*.ts', { exclude: (name) => name.endsWith('.test.ts') })) {
    if (/metadata: '(?:google|ecr)'/.test(readFileSync(path, 'utf8'))) askers.push(path);
  }
  expect(askers.toSorted()).toEqual([
    'src/http/credentials/aws/metadata.ts',
    'src/http/credentials/google/metadata.ts',
  ]);
});
