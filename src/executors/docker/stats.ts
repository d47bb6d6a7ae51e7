import type { ContainerStats } from 'dockerode'
import type { Stats } from '../../core/ports/executor.ts'

const NANOS_PER_MICRO = 1_000

/** The engine's figures in ours. Of the memory, what the kernel could drop at once (inactive file cache) is left out. */
export function statsOf(stats: ContainerStats): Stats {
  const memory = stats.memory_stats as { usage?: number; max_usage?: number; stats?: Record<string, number> }
  const cache = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0
  const pids = stats.pids_stats?.current
  return {
    at: Date.parse(String(stats.read)) * 1_000,
    cpuMicros: Math.round((stats.cpu_stats?.cpu_usage?.total_usage ?? 0) / NANOS_PER_MICRO),
    memoryBytes: Math.max(0, (memory.usage ?? 0) - cache),
    ...(memory.max_usage !== undefined && { peakMemoryBytes: memory.max_usage }),
    ...(pids !== undefined && { pids }),
  }
}
