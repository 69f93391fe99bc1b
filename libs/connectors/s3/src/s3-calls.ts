import type { Readable } from 'node:stream';
import type { Attempt } from './attempt.js';
import { AnswerError, type S3Client } from './s3-client.js';
import type { Headers } from './signature.js';
import type { UploadBody } from './source.js';
import { childText, escapeXml, type XmlElement } from './xml.js';

export type Target = { readonly bucket: string; readonly key: string };

/** `sizeBytes`: of what the answer carries, or would carry; null where the server does not tell. */
export type ObjectFacts = { readonly sizeBytes: number | null; readonly etag: string | null };
export type ObjectAnswer = ObjectFacts & { readonly range: string | null; readonly body: Readable };

/** `nextToken`: null where there is no more. `isEncoded`: keys are percent-encoded. */
export type ListPage = {
  readonly objects: readonly { readonly key: string; readonly sizeBytes: number; readonly etag: string | null }[];
  readonly isEncoded: boolean;
  readonly isTruncated: boolean;
  readonly nextToken: string | null;
};

export type UploadPart = { readonly number: number; readonly etag: string | null };
type PartTarget = Target & { readonly uploadId: string };

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** The requests of S3 that a store needs, for one attempt each. All throw AnswerError where the server refuses. @source Amazon S3 API reference */
export class S3Calls {
  constructor(
    readonly client: S3Client,
    readonly attempt: Attempt,
  ) {}

  /** `headers`: range, condition, keys of the customer. */
  async getObject(target: Target, headers: Headers): Promise<ObjectAnswer> {
    const answer = await this.client.open({ method: 'GET', ...target, headers }, this.attempt);
    return { ...factsIn(answer.headers), range: answer.headers['content-range'] ?? null, body: answer.body };
  }

  async headObject(target: Target, headers: Headers): Promise<ObjectFacts> {
    return factsIn(await this.client.send({ method: 'HEAD', ...target, headers }, this.attempt));
  }

  async putObject(target: Target, headers: Headers, body: Uint8Array | UploadBody): Promise<void> {
    await this.client.send({ method: 'PUT', ...target, headers, body }, this.attempt);
  }

  async deleteObject(target: Target): Promise<void> {
    await this.client.send({ method: 'DELETE', ...target }, this.attempt);
  }

  async listObjects({ bucket, prefix, token }: { readonly bucket: string; readonly prefix: string; readonly token: string | null }): Promise<ListPage> {
    const query = { 'list-type': '2', 'encoding-type': 'url', prefix, ...(token === null ? {} : { 'continuation-token': token }) };
    const page = await this.#ask({ method: 'GET', bucket, query }, 'ListBucketResult');
    return {
      objects: page.children.filter(({ name }) => name === 'Contents').map(listedObject),
      isEncoded: childText(page, 'EncodingType')?.trim() === 'url',
      isTruncated: childText(page, 'IsTruncated')?.trim() === 'true',
      nextToken: childText(page, 'NextContinuationToken'),
    };
  }

  async headBucket(bucket: string): Promise<void> {
    await this.client.send({ method: 'HEAD', bucket }, this.attempt);
  }

  async createBucket(bucket: string): Promise<void> {
    const { region } = this.client;
    // The first region has no name here.
    const where =
      region === 'us-east-1'
        ? {}
        : document(`<CreateBucketConfiguration xmlns="${NAMESPACE}"><LocationConstraint>${escapeXml(region)}</LocationConstraint></CreateBucketConfiguration>`);
    await this.client.send({ method: 'PUT', bucket, ...where }, this.attempt);
  }

  /** The region as the server writes it: nothing for the first one. */
  async bucketLocation(bucket: string): Promise<string> {
    return (await this.#ask({ method: 'GET', bucket, query: { location: '' } }, 'LocationConstraint')).text.trim();
  }

  /** Begins an upload in parts. @returns its id, null when the server gave none */
  async beginParts(target: Target, headers: Headers): Promise<string | null> {
    const answer = await this.#ask({ method: 'POST', ...target, query: { uploads: '' }, headers }, 'InitiateMultipartUploadResult');
    return childText(answer, 'UploadId') || null;
  }

  async putPart({ uploadId, number, ...target }: PartTarget & { readonly number: number }, headers: Headers, body: UploadBody): Promise<UploadPart> {
    const query = { partNumber: String(number), uploadId };
    const { etag = null } = await this.client.send({ method: 'PUT', ...target, query, headers, body }, this.attempt);
    return { number, etag };
  }

  async completeParts({ uploadId, ...target }: PartTarget, headers: Headers, parts: readonly UploadPart[]): Promise<void> {
    const listed = parts.map(({ number, etag }) => `<Part>${etag === null ? '' : `<ETag>${escapeXml(etag)}</ETag>`}<PartNumber>${number}</PartNumber></Part>`);
    const whole = document(`<CompleteMultipartUpload xmlns="${NAMESPACE}">${listed.join('')}</CompleteMultipartUpload>`);
    await this.client.ask({ method: 'POST', ...target, query: { uploadId }, body: whole.body, headers: { ...headers, ...whole.headers } }, this.attempt);
  }

  async abandonParts({ uploadId, ...target }: PartTarget): Promise<void> {
    await this.client.send({ method: 'DELETE', ...target, query: { uploadId } }, this.attempt);
  }

  /** A document of another kind says nothing about what was asked. */
  async #ask(request: Parameters<S3Client['ask']>[0], name: string): Promise<XmlElement> {
    const answer = await this.client.ask(request, this.attempt);
    if (answer.name !== name) throw new AnswerError(200, {}, { code: 'OtherDocument', message: '', region: null });
    return answer;
  }
}

function factsIn(headers: Headers): ObjectFacts {
  return { sizeBytes: sizeIn(headers['content-length']), etag: headers['etag'] ?? null };
}

function listedObject(object: XmlElement): ListPage['objects'][number] {
  return { key: childText(object, 'Key') ?? '', sizeBytes: sizeIn(childText(object, 'Size')?.trim()) ?? 0, etag: childText(object, 'ETag') };
}

function sizeIn(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function document(text: string): { readonly body: Uint8Array; readonly headers: Headers } {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
  return { body, headers: { 'content-type': 'application/xml', 'content-length': String(body.length) } };
}
