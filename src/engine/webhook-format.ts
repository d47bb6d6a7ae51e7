import type { Event } from '../core/event.ts'
import type { Execution } from '../core/execution.ts'

export interface WebhookMessage {
  readonly contentType: string
  readonly body: string
  /** Besides those of the delivery itself, which cannot be replaced. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Writes the message for a transition; undefined: this one is not told. `execution` is as it is now, which may be later
 * than the event, and undefined once it was removed. Made once per event and hook: a retry sends the same message.
 */
export type WebhookFormat = (event: Event, execution: Execution | undefined) => WebhookMessage | undefined

/** By the name that a hook's `format` has. */
export type WebhookFormats = ReadonlyMap<string, WebhookFormat>

/** What a hook without a `format` gets: the native API's own when that is registered under this name. */
export const DEFAULT_FORMAT = 'native'

export const findFormat = (formats: WebhookFormats, name = DEFAULT_FORMAT): WebhookFormat | undefined =>
  formats.get(name) ?? (name === DEFAULT_FORMAT ? plainFormat : undefined)

const plainFormat: WebhookFormat = ({ position, execution: id, at, version, transition }, execution) => ({
  contentType: 'application/json',
  body: JSON.stringify({
    event: { position, execution: id, at, version, ...transition },
    ...(execution && { execution: factsOf(execution) }),
  }),
})

const factsOf = ({ id, submission, status }: Execution): object => ({
  id,
  name: submission.name,
  task: submission.task,
  trigger: submission.trigger,
  labels: submission.labels,
  state: status.state,
  reason: status.reason,
})
