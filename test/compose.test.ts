import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { COMPOSE_PORTS } from './support/real-registries.ts';

const ComposeFile = z.strictObject({
  services: z.record(
    z.string(),
    z.strictObject({
      image: z.string(),
      ports: z.array(z.string()).length(1),
      environment: z.record(z.string(), z.string()),
      healthcheck: z.object({ test: z.array(z.string()) }),
    }),
  ),
});

// js-yaml refuses a key that stands twice, so a service cannot hide another.
const { services } = ComposeFile.parse(
  load(readFileSync(join(import.meta.dirname, '..', 'docker-compose.yml'), 'utf8')),
);

describe('docker-compose.yml', () => {
  it('has a staging registry and three mirrors', () => {
    expect(Object.keys(services)).toEqual(['staging', 'mirror-1', 'mirror-2', 'mirror-3']);
  });

  it('runs registry:2 everywhere', () => {
    expect(Object.values(services).map(({ image }) => image)).toEqual(Array.from({ length: 4 }, () => 'registry:2'));
  });

  it('serves them on loopback only, on the ports that tests and manifests/ expect', () => {
    expect(Object.values(services).flatMap(({ ports }) => ports)).toEqual(
      COMPOSE_PORTS.map((port) => `127.0.0.1:${port}:5000`),
    );
  });

  it('lets blobs and manifests be deleted, as the tests clean up', () => {
    for (const { environment } of Object.values(services))
      expect(environment).toEqual({ REGISTRY_STORAGE_DELETE_ENABLED: 'true' });
  });
});
