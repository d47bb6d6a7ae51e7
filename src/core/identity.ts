/**
 * Who and whose. Ids are opaque strings, branded so that one kind is never passed for another.
 * Executions carry UUIDs of version 7 (time-ordered: random ones cost a B-tree 2–4 times the writes).
 * Attempts and allocations need no ids of their own: theirs are derived, so a crash can never leave an id
 * that only one side knows.
 */
declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** The isolation scope: every store and log read takes it first. Its spelling belongs to the face that made it. */
export type Tenant = Branded<'Tenant'>
export type ExecutionId = Branded<'ExecutionId'>
export type NodeId = Branded<'NodeId'>
/** `<execution>:<step ordinal>:<attempt number>` */
export type AttemptId = Branded<'AttemptId'>
/** `<execution>:<epoch>` */
export type AllocationId = Branded<'AllocationId'>

export const asTenant = (text: string): Tenant => text as Tenant
export const asExecutionId = (text: string): ExecutionId => text as ExecutionId
export const asNodeId = (text: string): NodeId => text as NodeId

export const attemptIdOf = (execution: ExecutionId, step: number, number: number): AttemptId =>
  `${execution}:${step}:${number}` as AttemptId

export const allocationIdOf = (execution: ExecutionId, epoch: number): AllocationId =>
  `${execution}:${epoch}` as AllocationId

export interface AttemptKey {
  readonly execution: ExecutionId
  /** Ordinal of the step in the plan. */
  readonly step: number
  /** Counts from 1 over all epochs of the execution. */
  readonly number: number
}

/** The parts of an attempt's id; undefined when the text is not one. */
export function attemptKeyOf(id: string): AttemptKey | undefined {
  const [execution, step, number, ...rest] = id.split(':')
  if (!execution || !step || !number || rest.length > 0) return undefined
  const key = { execution: asExecutionId(execution), step: Number(step), number: Number(number) }
  return Number.isInteger(key.step) && Number.isInteger(key.number) ? key : undefined
}

/** Who acts: made by a face's `auth.ts` from that vendor's credentials. */
export interface Principal {
  readonly id: string
  readonly kind: 'user' | 'service' | 'task' | 'operator'
  readonly tenant: Tenant
  /** The face whose credential it was. */
  readonly face: string
  /** What it may do, in its face's own words. */
  readonly grants: readonly string[]
}
