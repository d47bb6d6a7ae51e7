/**
 * Ids that the face derives instead of storing: the same input always gives the same id, so nothing has to be kept and
 * nothing can disagree.
 */
import { hash } from 'node:crypto'
import { asExecutionId, type ExecutionId } from '../../core/identity.ts'

/** An ECS task's id: the execution's UUID without dashes. */
export const taskIdOf = (id: ExecutionId): string => id.replaceAll('-', '')

/** The execution of a task's id (32 hex digits, or a UUID as in the short format); undefined when it is no id. */
export function executionIdOf(taskId: string): ExecutionId | undefined {
  const hex = taskId.replaceAll('-', '').toLowerCase()
  if (!/^[0-9a-f]{32}$/.test(hex)) return undefined
  return asExecutionId(dashed(hex))
}

const dashed = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`

const digest = (...parts: readonly string[]): string => hash('sha256', parts.join('\0'), 'hex')

/** 32 hex digits. */
export const derivedHex = (...parts: readonly string[]): string => digest(...parts).slice(0, 32)

/** A UUID of version 8 (RFC 9562: the maker's own). */
export function derivedUuid(...parts: readonly string[]): string {
  const hex = derivedHex(...parts)
  return dashed(`${hex.slice(0, 12)}8${hex.slice(13, 16)}8${hex.slice(17)}`)
}

/** 64 hex digits, like a container's id at Docker. */
export const derivedRuntimeId = (...parts: readonly string[]): string => digest(...parts)
