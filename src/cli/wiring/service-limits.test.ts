import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../image/pattern.ts';
import { hostSettings, type HostSettings } from './host-settings.ts';
import { serviceLimits, type ServiceLimits } from './service-limits.ts';

const REKOR = 'https://rekor.example';

function opened(): { readonly hosts: HostSettings; readonly services: ServiceLimits } {
  const services = serviceLimits();
  const registries = [{ match: compilePattern('rekor.example'), limits: { start: 3 } }];
  return { services, hosts: hostSettings({ publicNames: [], attachments: [], registries }, () => undefined, services) };
}

describe('src/cli/wiring/service-limits.ts', () => {
  it('limits a log to a lower rate and higher concurrency than a registry', () => {
    const { services, hosts } = opened();
    services.set('https://log.example', 'rekor');
    expect(hosts.limitsOf('https://log.example')).toEqual({ start: 8, concurrency: 64 });
    expect(hosts.settingsOf(new URL('https://log.example'))).toEqual({ connections: 64 });
    expect(hosts.limitsOf('https://registry.example')).toEqual({});
  });

  it('prefers limits of the configuration', () => {
    const { services, hosts } = opened();
    services.set(REKOR, 'rekor');
    expect(hosts.limitsOf(REKOR)).toEqual({ start: 3, concurrency: 64 });
  });

  it.each([
    ['rekor', 'timestamp'],
    ['timestamp', 'rekor'],
  ] as const)('uses the limits of the log if services share an origin, with the %s set first', (first, second) => {
    const services = serviceLimits();
    services.set(REKOR, first);
    services.set(REKOR, second);
    expect(services.of(REKOR)).toEqual({ start: 8, concurrency: 64 });
  });
});
