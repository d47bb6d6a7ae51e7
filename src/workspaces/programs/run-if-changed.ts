/**
 * Runs a command unless the files it depends on are as they were when it last went well. What it put out then, it puts
 * out again. `run-if-changed JOB COMMAND…`; exits as the command does.
 */
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ChangedJob } from '../changed-job.ts'
import { fingerprintOf } from '../fingerprint.ts'

interface Kept {
  readonly fingerprint: string
  /** What the outputs file said. */
  readonly outputs: string
}

const OUTPUTS = process.env.TASKPORT_OUTPUTS

async function main(job: ChangedJob, command: readonly string[]): Promise<number> {
  const fingerprint = await fingerprintOf(process.cwd(), job.patterns, command)
  const kept = keptIn(job.state)
  if (kept?.fingerprint === fingerprint) {
    console.log(`nothing changed in ${job.patterns.join(', ')}`)
    if (OUTPUTS !== undefined && kept.outputs !== '') appendFileSync(OUTPUTS, kept.outputs)
    return 0
  }
  const code = await run(command)
  if (code === 0) keep(job.state, { fingerprint, outputs: outputsOf(OUTPUTS) })
  return code
}

function keptIn(path: string): Kept | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Kept
  } catch {
    return undefined
  }
}

/** Written aside first, so that nobody reads a half of it. */
function keep(path: string, kept: Kept): void {
  const aside = `${path}.${process.pid}`
  writeFileSync(aside, JSON.stringify(kept))
  renameSync(aside, path)
}

const outputsOf = (path: string | undefined): string =>
  path !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : ''

function run([program, ...args]: readonly string[]): Promise<number> {
  const child = spawn(program!, args, { stdio: 'inherit' })
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(error.message)
      resolve(127)
    })
    child.on('close', (code, signal) => resolve(signal === null ? (code ?? 1) : endLike(signal)))
  })
}

/** Ends as the command did, so that whoever waits sees the same signal. */
function endLike(signal: NodeJS.Signals): number {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  return 1
}

const [, , job = '{}', ...command] = process.argv
process.exit(await main(JSON.parse(job) as ChangedJob, command))
