/** Memory of a task by its profile, its CPU size or its own resources (reference §5, "Memory"). */
import type { TaskConfig } from '../config/task-config.ts'

export type Profile = 'HIGH_CPU' | 'BALANCED' | 'HIGH_MEMORY' | 'HIGHER_MEMORY'

export const DEFAULT_SIZE = '0.5'

/** MB by CPU. */
export const PROFILE_MEMORY_MB: Readonly<Record<Profile, Readonly<Record<string, number>>>> = {
  HIGH_CPU: { '0.1': 64, '0.25': 128, '0.5': 224, '1': 384, '2': 704, '4': 1216, '6': 1728, '8': 2240 },
  BALANCED: { '0.1': 352, '0.25': 640, '0.5': 1088, '1': 1920, '2': 2800, '4': 4800, '6': 6080, '8': 7296 },
  HIGH_MEMORY: { '0.1': 448, '0.25': 832, '0.5': 1408, '1': 2432, '2': 4032, '4': 6720, '6': 9024, '8': 11200 },
  HIGHER_MEMORY: { '0.1': 864, '0.25': 1472, '0.5': 2368, '1': 3840, '2': 6336, '4': 10496, '6': 14080, '8': 17408 },
}

export const SIZES: readonly string[] = Object.keys(PROFILE_MEMORY_MB.BALANCED)

/** A task without a profile is BALANCED: so the vendor's command line shows it (reference §1.1). */
const profileOf = (config: Pick<TaskConfig, 'containerProfile'>): Profile =>
  (config.containerProfile ?? 'BALANCED') as Profile

/** MB: `base_memory + memory_ratio × CPU` where the task says so, else its profile's. */
export function memoryMbOf(config: TaskConfig, size: string): number {
  if (config.resources) return Math.round(config.resources.base_memory + config.resources.memory_ratio * Number(size))
  return PROFILE_MEMORY_MB[profileOf(config)][size] ?? PROFILE_MEMORY_MB[profileOf(config)][DEFAULT_SIZE]!
}
