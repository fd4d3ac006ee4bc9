import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Ends } from './once.ts';
import { scriptedServer, type Answer } from './scripted-server.ts';

/** What a router does wrong; nothing unless given. */
type RouterFaults = {
  /** Asks the region for digests, whether it has them or not: kubernetes/registry.k8s.io#324. */
  readonly digestsStay?: boolean;
  /** Asks the region for blobs, whether it has them or not: kubernetes-sigs/promo-tools#1949. */
  readonly blobsStay?: boolean;
  /** Knows no referrers API: kubernetes-sigs/promo-tools#1945. */
  readonly noReferrers?: boolean;
  /** Remembers what was nowhere, and does not look again. */
  readonly remembersAbsence?: boolean;
};

export type Router = {
  /** `127.0.0.1:port`, the name that clients use. */
  readonly host: string;
  /** What it was asked, as `METHOD path`. */
  readonly requests: readonly string[];
  /** Sets what is wrong from now on, with all forgotten that it remembers. */
  fault(faults: RouterFaults): void;
};

const COSIGN_TAG = /\/manifests\/sha256-[0-9a-f]{64}\.(?:sig|att)$/;
const CONTENT = /\/(?<kind>manifests|blobs)\/sha256:[0-9a-f]{64}$/;
const REFERRERS = /\/referrers\/sha256:[0-9a-f]{64}$/;

/**
 * A router as registry.k8s.io is one (https://github.com/kubernetes/registry.k8s.io, cmd/archeio): cosign's tags and lists of
 * referrers come from the canonical registry, tags from the region, and content from the region if a `HEAD` finds it there,
 * else from the canonical registry. Each answer is a redirect without the query. Both places are `host/path`.
 */
export async function startRouter(canonical: string, region: string, ends?: Ends): Promise<Router> {
  let faults: RouterFaults = {};
  const [there, absent] = [new Set<string>(), new Set<string>()];
  const at = (place: string, path: string): string => {
    const [host = '', ...below] = place.split('/');
    return `http://${host}/v2/${below.join('/')}${path}`;
  };
  const isThere = async (url: string): Promise<boolean> => {
    if (there.has(url)) return true;
    const { ok } = await fetch(url, { method: 'HEAD', headers: { accept: '*/*' } });
    if (ok) there.add(url);
    return ok;
  };
  const targetOf = async (path: string): Promise<string | undefined> => {
    const kind = CONTENT.exec(path)?.groups?.['kind'];
    if (REFERRERS.test(path)) return faults.noReferrers === true ? undefined : at(canonical, path);
    if (COSIGN_TAG.test(path)) return at(canonical, path);
    if (kind === undefined) return at(region, path);
    const stays = kind === 'blobs' ? faults.blobsStay : faults.digestsStay;
    return stays === true || (await isThere(at(region, path))) ? at(region, path) : at(canonical, path);
  };
  const answer: Answer = async ({ url = '', method = '' }, response) => {
    const path = new URL(url, 'http://router').pathname.replace(/^\/v2/, '');
    if (method !== 'GET' && method !== 'HEAD') return answerWith(response, 405);
    if (path === '/') return answerWith(response, 200);
    const target = absent.has(path) ? undefined : await targetOf(path);
    const isNowhere =
      target !== undefined && faults.remembersAbsence === true && !REFERRERS.test(path) && !(await isThere(target));
    if (isNowhere) absent.add(path);
    if (target === undefined || isNowhere) return answerWith(response, 404);
    return answerWith(response, 307, { location: target });
  };
  const server = await scriptedServer(answer, ends);
  return {
    host: server.url.host,
    requests: server.requests,
    fault: (given) => {
      faults = given;
      absent.clear();
    },
  };
}

function answerWith(response: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, headers).end();
}
