/** A point in time: whole milliseconds since the Unix epoch, UTC. Formatting is a face's business. */
export type Instant = number

/** A point in time: whole microseconds since the Unix epoch, UTC. Used where milliseconds are too coarse: log lines. */
export type Micros = number
