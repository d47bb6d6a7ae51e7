/** Sizes that Fargate sells: CPU units → MiB (AWS docs "Task CPU and memory", reference ecs.md 4.4). */
const range = (from: number, to: number, step: number): readonly number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, i) => from + i * step)

const SIZES: Readonly<Record<number, readonly number[]>> = {
  256: [512, 1024, 2048],
  512: range(1024, 4096, 1024),
  1024: range(2048, 8192, 1024),
  2048: range(4096, 16_384, 1024),
  4096: range(8192, 30_720, 1024),
  8192: range(16_384, 61_440, 4096),
  16384: range(32_768, 122_880, 8192),
}

export const isFargateSize = (cpuUnits: number, memoryMib: number): boolean =>
  SIZES[cpuUnits]?.includes(memoryMib) ?? false
