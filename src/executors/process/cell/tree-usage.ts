import { readdirSync, readFileSync } from 'node:fs'
import { TICKS_PER_SECOND } from '../../process-identity.ts'

export interface TreeUsage {
  readonly memoryBytes: number
  readonly cpuMicros: number
  readonly pids: number
}

const PAGE_BYTES = 4096
const MICROS_PER_TICK = 1_000_000 / TICKS_PER_SECOND

interface Sample {
  readonly parent: number
  readonly session: number
  readonly memoryBytes: number
  readonly cpuMicros: number
}

/** What the processes below each of `roots`, or in its session, use now: one reading of /proc for all of them. */
export function treeUsages(roots: readonly number[]): ReadonlyMap<number, TreeUsage> {
  const samples = sampleAll()
  const wanted = new Set(roots)
  const sums = new Map<number, { memoryBytes: number; cpuMicros: number; pids: number }>()
  for (const root of roots) sums.set(root, { memoryBytes: 0, cpuMicros: 0, pids: 0 })
  for (const [pid, sample] of samples) {
    const sum = sums.get(rootOf(pid, sample, samples, wanted) ?? 0)
    if (sum === undefined) continue
    sum.memoryBytes += sample.memoryBytes
    sum.cpuMicros += sample.cpuMicros
    sum.pids++
  }
  return sums
}

function rootOf(
  pid: number,
  sample: Sample,
  samples: ReadonlyMap<number, Sample>,
  roots: ReadonlySet<number>,
): number | undefined {
  if (roots.has(sample.session)) return sample.session
  for (let at: number | undefined = pid, hops = 0; at !== undefined && hops < 64; at = samples.get(at)?.parent, hops++)
    if (roots.has(at)) return at
  return undefined
}

function sampleAll(): Map<number, Sample> {
  const samples = new Map<number, Sample>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const sample = Number.isInteger(pid) ? sampleOf(pid) : undefined
    if (sample !== undefined) samples.set(pid, sample)
  }
  return samples
}

/** Fields of proc_pid_stat(5), counted from the state: 1 parent, 3 session, 11 and 12 own CPU ticks, 21 resident pages. */
function sampleOf(pid: number): Sample | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return {
      parent: Number(fields[1]),
      session: Number(fields[3]),
      cpuMicros: (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK,
      memoryBytes: Number(fields[21]) * PAGE_BYTES,
    }
  } catch {
    return undefined
  }
}
