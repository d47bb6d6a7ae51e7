/**
 * A pushed pack → a tar archive of the commit's files. Git runs as the program of an execution, never in the server;
 * the repository lies in this face's directory, one a project, and keeps every commit that was pushed.
 */
import { createReadStream, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { receiveStep } from '../../../build/receive-pack.ts'
import { isFinal } from '../../../core/execution.ts'
import type { ExecutionId, Tenant } from '../../../core/identity.ts'
import { FACE } from '../auth.ts'
import type { Call } from '../call.ts'
import { ARCHIVES } from '../deployment/forget-uploads.ts'
import { badRequest, UpsunError } from '../errors.ts'

const RETENTION_MS = 86_400_000
const PATIENCE_MS = 60_000

export interface PushedPack {
  readonly project: string
  readonly commit: string
  /** Of the object that holds the pack. */
  readonly key: string
}

/** Reads the archive and removes it in the end. Throws 400 with git's own words when the pack is no good. */
export async function withCommit<Result>(
  call: Call,
  pushed: PushedPack,
  signal: AbortSignal,
  use: (archive: Readable) => Promise<Result>,
): Promise<Result> {
  const id = call.engine.newExecutionId()
  const archives = directory(call, ARCHIVES)
  const archive = `${id}.tar`
  try {
    await submit(call, id, pushed, archives, archive)
    await ended(call, id, signal)
    return await use(createReadStream(join(archives, archive)))
  } finally {
    rmSync(join(archives, archive), { force: true })
  }
}

async function submit(
  call: Call,
  id: ExecutionId,
  { project, commit, key }: PushedPack,
  archives: string,
  archive: string,
): Promise<void> {
  const pack = await call.context.objects.path(call.tenant, key)
  if (pack === undefined) throw new UpsunError(503, 'pushed packs must lie on the disk of this machine')
  const repository = directory(call, 'repositories', call.tenant, project)
  const plan = { steps: [receiveStep({ pack, repository, commit, archives, archive })] }
  const request = { id, plan, name: `push ${project}`, face: FACE, retentionMs: RETENTION_MS } as const
  const concurrency = [{ key: `upsun/${project}/receive`, limit: 1 }]
  const [result] = await call.engine.submit(call.principal, [{ ...request, concurrency }])
  if (result?.kind !== 'accepted') throw new UpsunError(503, 'the push was not accepted')
}

function directory(call: Call, ...parts: readonly string[]): string {
  const path = join(call.context.directoryOf(FACE), ...parts.map(encodeURIComponent))
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return path
}

async function ended(call: Call, id: ExecutionId, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const end = await call.engine.waitFor(call.tenant, id, isFinal, PATIENCE_MS, signal)
    if (end?.status.state === 'succeeded') return
    if (end) throw badRequest(`the push could not be read: ${await lastWords(call, call.tenant, id)}`)
  }
  throw new UpsunError(503, 'the push was given up')
}

async function lastWords(call: Call, tenant: Tenant, id: ExecutionId): Promise<string> {
  const { lines } = await call.engine.executionLog(tenant, id, { limit: 5, backwards: true })
  const text = lines.map(({ line }) => Buffer.from(line.bytes).toString('utf8').trim()).join('; ')
  return text === '' ? 'git ended without a word' : text
}
