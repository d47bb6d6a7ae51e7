/**
 * Why something waits, failed or stopped: a code a program can switch on, a sentence a person can act on, and the
 * facts behind both. Faces translate codes; nobody parses messages.
 */
export type ReasonCode =
  // waiting
  | 'no_room'
  | 'no_eligible_node'
  | 'concurrency_limit'
  | 'queued'
  | 'backoff'
  | 'not_before'
  | 'dispatch_held'
  | 'executor_unavailable'
  | 'awaiting_execution'
  | 'condition_pending'
  | 'pulling_image'
  // failing
  | 'exit_code'
  | 'signal'
  | 'out_of_memory'
  | 'step_timeout'
  | 'execution_timeout'
  | 'condition_timeout'
  | 'condition_never'
  | 'program_missing'
  | 'directory_missing'
  | 'user_missing'
  | 'refused_by_executor'
  | 'image_missing'
  | 'image_pull_failed'
  | 'secret_missing'
  | 'output_missing'
  | 'output_invalid'
  | 'awaited_failed'
  | 'unhealthy'
  | 'sandbox_unavailable'
  | 'port_unavailable'
  | 'resource_unavailable'
  | 'disk_full'
  | 'disk_limit'
  // stopping
  | 'stopped_by_user'
  | 'essential_exited'
  | 'essential_failed'
  | 'concurrency_replaced'
  | 'node_drained'
  | 'engine_ended'
  // losing
  | 'cell_died'
  | 'node_lost'
  | 'machine_restarted'
  | 'executor_lost'
  // others
  | 'invalid_spec'
  | 'expired'
  | 'retry_exhausted'

export interface Reason {
  readonly code: ReasonCode
  /** One English sentence, without a final stop. */
  readonly message: string
  readonly facts?: Readonly<Record<string, string | number | boolean>>
}

export const reason = (code: ReasonCode, message: string, facts?: Reason['facts']): Reason =>
  facts === undefined ? { code, message } : { code, message, facts }
