import { isEngineError } from '../core/engine-error.ts'
import type { Change } from '../core/ports/store.ts'
import type { Context } from './context.ts'

/** False, and nothing stored, when something in it changed meanwhile. Any other refusal is thrown. */
export async function commitUnlessConflict(
  { store }: Pick<Context, 'store'>,
  changes: readonly Change[],
): Promise<boolean> {
  try {
    await store.commit(changes)
    return true
  } catch (error) {
    if (isEngineError(error, 'conflict')) return false
    throw error
  }
}
