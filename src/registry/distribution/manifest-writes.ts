import { isPromotionError, PromotionError } from '../../errors.ts';
import { answerError } from '../../http/response/error.ts';
import { header, type Fetch, type HttpResponse } from '../../http/fetch.ts';
import { peek } from '../../http/response/peek.ts';
import { newProgress } from '../../http/transport/progress.ts';
import { bodyOf } from '../../http/transport/response-body.ts';
import type { Manifest } from '../../image/descriptor.ts';
import { isDigest } from '../../image/digest.ts';
import type { DistributionServices } from './services.ts';
import { errorCodesIn } from './manifests.ts';
import { referenceText, type RequestTo } from '../request.ts';
import type { ManifestReader, ManifestWriter, Resolved, TagState, Written } from '../roles.ts';

/** Statuses with which registries refuse to overwrite a tag; some refuse the same bytes as well. */
const MAYBE_IMMUTABLE: readonly number[] = [400, 409, 412];

/** Other statuses that may mean that the tag has these bytes already. */
const MAYBE_WRITTEN: readonly number[] = [...MAYBE_IMMUTABLE, 403, 405, 422, 501];

/** Statuses of a registry whose precondition failed, or that supports none. */
const CONDITION_REFUSED: readonly number[] = [400, 412, 501];

/** Waits until a registry lets a manifest refer to a blob or manifest that it has just stored; in milliseconds. */
export const VISIBLE_AFTER_MS: readonly number[] = [250, 1_000, 3_000];

/** Bytes of a refusal that are read; more is a proxy's page. */
const WORDS_LIMIT = 64 * 1024;

/**
 * Returns a writer that sends manifests byte for byte. It tries again after a while if the registry does not see their
 * parts yet.
 */
export function manifestWriting(
  { fetch, clock }: Pick<DistributionServices, 'fetch' | 'clock'>,
  request: RequestTo,
  reader: Pick<ManifestReader, 'resolveManifest'>,
): ManifestWriter {
  const write = manifestWrite(fetch, request, reader);
  return {
    writeManifest: async (repository, reference, manifest, call, was) => {
      for (const wait of VISIBLE_AFTER_MS) {
        try {
          return await write(repository, reference, manifest, call, was);
        } catch (error) {
          if (!isPromotionError(error, 'BLOB_UNKNOWN')) throw error;
          await clock.wait(wait, call.signal);
        }
      }
      return write(repository, reference, manifest, call, was);
    },
  };
}

function manifestWrite(
  fetch: Fetch,
  request: RequestTo,
  { resolveManifest }: Pick<ManifestReader, 'resolveManifest'>,
): ManifestWriter['writeManifest'] {
  return async (repository, reference, manifest, call, was) => {
    const object = referenceText(repository, reference);
    const send = (condition: Record<string, string>): Promise<HttpResponse> => {
      const headers = { 'content-type': manifest.descriptor.mediaType, ...condition };
      const body = { kind: 'bytes', bytes: manifest.bytes } as const;
      const path = `manifests/${reference}`;
      return fetch(
        request(repository, path, { method: 'PUT', operation: 'write', headers, body, progress: newProgress() }, call),
      );
    };
    const put = async (condition: Record<string, string>): Promise<Written> => {
      const response = await withWholeBody(await send(condition), () => send(condition));
      if ([200, 201, 202, 204].includes(response.status)) {
        await response.body.discard();
        refuseOtherBytes(response, manifest, object);
        const subject = header(response, 'oci-subject');
        return subject !== undefined && isDigest(subject) ? { subject } : {};
      }
      const refusal = await refusalOf(response, object);
      if (isDigest(reference) || refusal.code === 'BLOB_UNKNOWN' || !MAYBE_WRITTEN.includes(response.status))
        throw refusal;
      const there = await resolveManifest(repository, reference, call).catch(() => undefined);
      call.signal.throwIfAborted();
      // A registry that rejects the condition itself is sent the request without it.
      const isConditional = Object.keys(condition).length > 0;
      const isUnchanged = there?.digest === (was === 'absent' ? undefined : was?.digest);
      if (isConditional && isUnchanged && CONDITION_REFUSED.includes(response.status)) return put({});
      if (there?.digest === manifest.descriptor.digest) return {};
      throw there !== undefined && MAYBE_IMMUTABLE.includes(response.status)
        ? tagMove(there, object, manifest, refusal)
        : refusal;
    };
    return put(conditionOf(was));
  };
}

/**
 * Returns the precondition that the tag is unchanged since it was read; registries without conditional writes ignore it
 * (RFC 9110 §13.1).
 */
function conditionOf(was: TagState | undefined): Record<string, string> {
  if (was === 'absent') return { 'if-none-match': '*' };
  return was?.etag === undefined ? {} : { 'if-match': was.etag };
}

/**
 * Returns the response with its whole body. The text of a refusal decides whether it can be cured, so a truncated one
 * is requested once more.
 */
async function withWholeBody(response: HttpResponse, again: () => Promise<HttpResponse>): Promise<HttpResponse> {
  if (response.status !== 400 && response.status !== 404) return response;
  const bytes = await response.body.bytes(WORDS_LIMIT).catch(() => undefined);
  return bytes === undefined ? again() : { ...response, body: bodyOf(bytes, 'the refusal of a manifest') };
}

function refuseOtherBytes(response: HttpResponse, { descriptor }: Manifest, object: string): void {
  const stored = header(response, 'docker-content-digest');
  if (stored === undefined || stored === descriptor.digest || !stored.startsWith('sha256:')) return;
  throw new PromotionError(
    'DIGEST_MISMATCH',
    `the registry stored ${object} as ${stored}, not as ${descriptor.digest}`,
    {
      side: 'destination',
      hint: 'the registry must store manifests byte for byte: look for a setting that converts them',
    },
  );
}

/**
 * Returns the error for a refused manifest. Registries respond with 400 or 404 if its blobs or children are missing.
 */
async function refusalOf(response: HttpResponse, object: string): Promise<PromotionError> {
  const { text, response: whole } = await peek(response, WORDS_LIMIT);
  // Distribution reports each part by itself: one that another job is just writing may come first, as DIGEST_INVALID.
  const codes = response.status === 400 || response.status === 404 ? errorCodesIn(text) : [];
  const code = codes.find((one) => /^(?:MANIFEST_)?BLOB_UNKNOWN$|^MANIFEST_UNKNOWN$/.test(one));
  if (code !== undefined) {
    await whole.body.discard();
    return new PromotionError('BLOB_UNKNOWN', `the registry lacks a part of ${object} (${code})`, {
      side: 'destination',
      hint: 'run again to send the missing part again',
    });
  }
  const error = await answerError(whole, `write the manifest ${object}`);
  if (response.status !== 404) return error;
  return new PromotionError('REGISTRY_PROTOCOL', error.message, {
    side: 'destination',
    cause: error,
    hint: error.hint,
  });
}

function tagMove(there: Resolved, object: string, { descriptor }: Manifest, refusal: PromotionError): PromotionError {
  return new PromotionError(
    'TAG_MOVE',
    `${object} points to ${there.digest}, and the registry does not let it be moved to ${descriptor.digest}: ${refusal.message}`,
    { side: 'destination', cause: refusal, hint: 'promote under another tag, or remove the old one by hand' },
  );
}
