/** What a request asks for; counters and faults go by this. */
export type RequestKind =
  | 'ping'
  | 'token'
  | 'list'
  | 'catalog'
  | 'referrers'
  | 'getManifest'
  | 'headManifest'
  | 'putManifest'
  | 'deleteManifest'
  | 'getBlob'
  | 'headBlob'
  | 'deleteBlob'
  | 'postUpload'
  | 'patch'
  | 'put'
  | 'getUpload'
  | 'deleteUpload'
  | 'unexpected';

/** A request's kind and what it is about; `reference` is a tag, a digest, or the id of an upload. */
export type Route = { readonly kind: RequestKind; readonly repository: string; readonly reference: string };

const UPLOAD = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/;
const OBJECT = /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/([^/]+)$/;

const FIXED: Readonly<Record<string, RequestKind>> = {
  'GET /v2/': 'ping',
  'GET /v2': 'ping',
  'GET /token': 'token',
  'POST /token': 'token',
  'GET /v2/_catalog': 'catalog',
};

const KINDS: Readonly<Record<string, RequestKind>> = {
  'GET manifests': 'getManifest',
  'HEAD manifests': 'headManifest',
  'PUT manifests': 'putManifest',
  'DELETE manifests': 'deleteManifest',
  'GET blobs': 'getBlob',
  'HEAD blobs': 'headBlob',
  'DELETE blobs': 'deleteBlob',
  'GET tags': 'list',
  'GET referrers': 'referrers',
  'PATCH upload': 'patch',
  'PUT upload': 'put',
  'GET upload': 'getUpload',
  'DELETE upload': 'deleteUpload',
};

/** Where a request goes, by the paths of https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints */
export function routeOf(method: string, path: string): Route {
  const fixed = FIXED[`${method} ${path}`];
  if (fixed !== undefined) return { kind: fixed, repository: '', reference: '' };
  const [, uploadRepository, id] = UPLOAD.exec(path) ?? [];
  if (uploadRepository !== undefined && id !== undefined) {
    const kind = id === '' ? (method === 'POST' ? 'postUpload' : undefined) : KINDS[`${method} upload`];
    return { kind: kind ?? 'unexpected', repository: uploadRepository, reference: id };
  }
  const [, repository = '', object = '', reference = ''] = OBJECT.exec(path) ?? [];
  const kind = object === 'tags' && reference !== 'list' ? undefined : KINDS[`${method} ${object}`];
  return { kind: kind ?? 'unexpected', repository, reference: decodeURIComponent(reference) };
}
