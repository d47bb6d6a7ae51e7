/** What a step asks for and a node has. Absent means: none reserved, no limit. */
export interface Resources {
  /** Reserved share of CPU; 1024 is one core. Under contention shares are proportional to it. */
  readonly cpuUnits?: number
  /** Hard ceiling on CPU; 1024 is one core. */
  readonly cpuLimitUnits?: number
  /** Hard limit, bytes. Also what placement reserves, unless `reservedMemoryBytes` says less. */
  readonly memoryBytes?: number
  /** What placement reserves, bytes; a soft limit. */
  readonly reservedMemoryBytes?: number
  /** Hard limit on processes and threads. */
  readonly pids?: number
  /** Hard limit on what its writable workspace may hold, bytes. */
  readonly diskBytes?: number
}

/** What placement counts: the sum that a node must have free. */
export interface Reservation {
  readonly cpuUnits: number
  readonly memoryBytes: number
}

export const reservationOf = (r: Resources): Reservation => ({
  cpuUnits: r.cpuUnits ?? 0,
  memoryBytes: r.reservedMemoryBytes ?? r.memoryBytes ?? 0,
})

export const addReservations = (a: Reservation, b: Reservation): Reservation => ({
  cpuUnits: a.cpuUnits + b.cpuUnits,
  memoryBytes: a.memoryBytes + b.memoryBytes,
})
