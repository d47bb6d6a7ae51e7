/** One event of a stream. `id` sorts like (timestamp, stream, place in it) and never changes. */
export interface StreamEvent {
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly message: string
  readonly ingestionTime: number
  readonly position: Position
}

/** Place in a stream: the attempt of the container and the line in it; client streams have one attempt. */
export interface Position {
  readonly attempt: number
  readonly seq: number
}

export const START: Position = { attempt: 0, seq: 0 }

export const compare = (a: Position, b: Position): number => a.attempt - b.attempt || a.seq - b.seq

export const after = (p: Position): Position => ({ attempt: p.attempt, seq: p.seq + 1 })
