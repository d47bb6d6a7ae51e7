import { CLUSTER_ATTRIBUTE, INSTANCE_ATTRIBUTE } from '../cluster-query/compile-query.ts'
import { AwsError, invalidParameter } from '../errors.ts'
import { list, oneOf, structure, text, type ValueOf } from '../wire/shape.ts'

export const attributesShape = list(
  structure({ name: text, value: text, targetType: oneOf('container-instance'), targetId: text }, ['name']),
)
export type AttributeInput = ValueOf<typeof attributesShape>[number]

export const MAX_ATTRIBUTES = 10

/** By name; a value that is not given is ''. Throws InvalidParameterException. */
export function checkedAttributes(given: readonly AttributeInput[]): Readonly<Record<string, string>> {
  for (const { name, value = '' } of given) checkAttribute(name, value)
  return Object.fromEntries(given.map(({ name, value }) => [name, value ?? '']))
}

export function checkAttribute(name: string, value: string): void {
  if (!/^[A-Za-z0-9_./\\-]{1,128}$/.test(name)) throw invalidParameter(`Invalid attribute name '${name}'.`)
  if (value.length > 128 || !/^[A-Za-z0-9_.:/\\@ -]*$/.test(value) || value !== value.trim())
    throw invalidParameter(`Invalid value of attribute '${name}'.`)
  if (name === CLUSTER_ATTRIBUTE || name === INSTANCE_ATTRIBUTE)
    throw invalidParameter(`Attribute '${name}' is reserved.`)
}

export const attributeLimit = (): AwsError =>
  new AwsError(
    'AttributeLimitExceededException',
    `You can apply up to ${MAX_ATTRIBUTES} custom attributes for each resource.`,
  )
