import type { BuiltImage } from '../registry/images.ts';
import { missing, type HostileAnswer } from './server.ts';

/** Serves an image, its manifests and blobs by digest; all else is answered otherwise, at first without anything. */
export function withImage(
  image: BuiltImage,
  otherwise: HostileAnswer = (_, response) => missing(response),
): HostileAnswer {
  const parts = new Map<string, { readonly mediaType: string; readonly bytes: Uint8Array }>();
  const add = ({ manifest, blobs, children }: BuiltImage): void => {
    const { digest, mediaType } = manifest.descriptor;
    parts.set(digest, { mediaType, bytes: manifest.bytes });
    for (const { descriptor, content } of blobs)
      parts.set(descriptor.digest, {
        mediaType: 'application/octet-stream',
        bytes: Buffer.concat([...(content.chunks?.(0, content.size) ?? [])]),
      });
    children.forEach(add);
  };
  add(image);
  return (asked, response) => {
    const { pathname } = asked.url;
    const found = /\/(?:manifests|blobs)\//.test(pathname) ? parts.get(pathname.split('/').at(-1) ?? '') : undefined;
    if (found === undefined) return otherwise(asked, response);
    response.writeHead(200, { 'content-type': found.mediaType, 'content-length': found.bytes.length });
    response.end(asked.method === 'HEAD' ? undefined : found.bytes);
    return undefined;
  };
}
