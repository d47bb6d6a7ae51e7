import { AwsError, invalidParameter } from '../errors.ts'
import { integer, type Shape, text } from '../wire/shape.ts'

const bounded = (least: number, most: number, pattern: RegExp): Shape<string> => ({
  read(value, path) {
    const given = text.read(value, path)
    if (given.length < least) throw constraint(given, path, `Member must have length greater than or equal to ${least}`)
    if (given.length > most) throw constraint(given, path, `Member must have length less than or equal to ${most}`)
    if (!pattern.test(given))
      throw constraint(given, path, `Member must satisfy regular expression pattern: ${pattern.source.slice(1, -1)}`)
    return given
  },
})

const constraint = (value: string, path: string, rule: string): AwsError =>
  invalidParameter(
    `1 validation error detected: Value '${value.slice(0, 100)}' at '${path}' failed to satisfy constraint: ${rule}`,
  )

export const groupNameShape = bounded(1, 512, /^[\w.\-/#]+$/)
export const groupIdentifierShape = bounded(1, 2048, /^[\w#+=/:,.@*-]*$/)
export const streamNameShape = bounded(1, 512, /^[^:*]*$/)

/** A whole number between bounds, else InvalidParameterException. */
export const limitShape = (most: number): Shape<number> => ({
  read(value, path) {
    const given = integer.read(value, path)
    if (given < 1 || given > most) throw constraint(String(given), path, `Member must be between 1 and ${most}`)
    return given
  },
})

export const groupMissing = (): AwsError =>
  new AwsError('ResourceNotFoundException', 'The specified log group does not exist.')
export const streamMissing = (): AwsError =>
  new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.')
export const alreadyExists = (what: 'group' | 'stream'): AwsError =>
  new AwsError('ResourceAlreadyExistsException', `The specified log ${what} already exists`)
