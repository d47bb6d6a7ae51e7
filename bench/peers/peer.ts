/** Another runner of jobs that starts `/bin/true` for each: how many it finishes a second on this machine. */
export interface Peer {
  readonly name: string
  /** Why it cannot run here: what to install. Undefined: it can. */
  missing(): string | undefined
  /** Jobs a second, from the first submission to the last end. */
  rate(count: number): Promise<number>
}
