/** What every store must do, whatever it is made of. Each part is a file of rules; run them all against yours. */
import { describe } from 'vitest'
import type { Store } from '../core/ports/store.ts'
import { commitRules } from './conformance-commits.ts'
import { documentRules } from './conformance-documents.ts'
import { eventRules } from './conformance-events.ts'
import { executionRules } from './conformance-executions.ts'

/** An empty store for one test, and how to leave nothing behind. */
export interface OpenedStore {
  readonly store: Store
  dispose(): Promise<void>
}

export type OpenStore = () => Promise<OpenedStore>

export function storeConformance(name: string, open: OpenStore): void {
  describe(`${name} keeps the store's contract`, () => {
    const withStore =
      (rule: (store: Store) => Promise<void>): (() => Promise<void>) =>
      async () => {
        const { store, dispose } = await open()
        try {
          await rule(store)
        } finally {
          await dispose()
        }
      }
    commitRules(withStore)
    executionRules(withStore)
    documentRules(withStore)
    eventRules(withStore)
  })
}

/** Gives a rule a store of its own. */
export type WithStore = (rule: (store: Store) => Promise<void>) => () => Promise<void>
