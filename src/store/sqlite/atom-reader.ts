import type { Atom } from './batch-protocol.ts'

/** Walks a batch. The encoder in this folder is the only writer of batches, so types are asserted, not checked. */
export class AtomReader {
  at = 0
  readonly #atoms: readonly Atom[]

  constructor(atoms: readonly Atom[]) {
    this.#atoms = atoms
  }

  get done(): boolean {
    return this.at >= this.#atoms.length
  }

  /** Where the commit that begins here ends. */
  get endOfCommit(): number {
    return this.at + (this.#atoms[this.at] as number)
  }

  text(): string {
    return this.#atoms[this.at++] as string
  }

  number(): number {
    return this.#atoms[this.at++] as number
  }

  textOrNull(): string | null {
    return this.#atoms[this.at++] as string | null
  }

  numberOrNull(): number | null {
    return this.#atoms[this.at++] as number | null
  }
}
