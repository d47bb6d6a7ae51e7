import { oneAfterTheOther } from '../kit/one-after-the-other.ts'
import type { Answer, Call } from './operation.ts'

/** What only one of may have a name, or a place. */
export type Contended = 'apps' | 'organizations' | 'spaces' | 'roles' | 'quotas' | 'services' | 'bindings' | 'users'

/** An upload to what is named by `guid`: a second one that comes meanwhile finds it uploaded. */
export const uploadInTurn =
  (answer: (call: Call) => Promise<Answer>) =>
  (call: Call): Promise<Answer> =>
    oneAfterTheOther(`cloudfoundry/${call.caller.tenant}/upload/${call.param('guid')}`, () => answer(call))

/**
 * An answer that looks whether something is there already, and then makes it: in a foundation one at a time, so that of
 * two that come at once the second one sees the first. This server is the only writer of its data directory.
 */
export const inTurn =
  (what: Contended, answer: (call: Call) => Promise<Answer>) =>
  (call: Call): Promise<Answer> =>
    oneAfterTheOther(`cloudfoundry/${call.caller.tenant}/${what}`, () => answer(call))
