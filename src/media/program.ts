/** What all media programs share: their argument, their exit code, where progress and outputs go. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { MEDIA_FAILURES, MediaError } from './failure.ts'
import { type Job, workOf } from './job.ts'

/** Runs a program to its exit code. What went wrong is in its log. */
export async function runProgram<Wanted extends Job>(program: (job: Wanted) => Promise<void>): Promise<void> {
  try {
    const job = JSON.parse(process.argv[2] ?? '') as Wanted
    mkdirSync(workOf(job), { recursive: true })
    await program(job)
    process.exit(0)
  } catch (error) {
    console.error(error instanceof MediaError ? error.message : error)
    process.exit(failureOf(error))
  }
}

function failureOf(error: unknown): number {
  if (error instanceof MediaError) return error.failure.code
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO') return MEDIA_FAILURES.storage.code
  return MEDIA_FAILURES.internal.code
}

/** `percent` of this step, 0–100. */
export function reportProgress(percent: number, message = ''): void {
  const path = process.env.TASKPORT_PROGRESS
  if (path !== undefined) writeFileSync(path, `${Math.floor(percent)} ${message}\n`)
}

/** Values are handed to whoever looks at the step, each at most 4,096 bytes. */
export function publishOutput(key: string, value: unknown): void {
  const path = process.env.TASKPORT_OUTPUTS
  if (path !== undefined) appendFileSync(path, `${key}=${JSON.stringify(value)}\n`)
}
