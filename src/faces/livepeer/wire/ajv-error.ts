import type { TLocalizedValidationError } from 'typebox/error'

/** An error object of Ajv 8, as Studio gives it to clients in JSON text. */
export interface AjvError {
  readonly instancePath: string
  readonly schemaPath: string
  readonly keyword: string
  readonly params: object
  readonly message: string
}

/**
 * The first problem in the words of Ajv: our validator names all that is missing or too much in one error, Ajv each in
 * one of its own, and its schema path ends with the keyword.
 */
export function ajvErrorOf(errors: readonly TLocalizedValidationError[]): AjvError {
  // A key that is too much comes twice, first as a value that no schema allows.
  const first = errors.find((e) => e.keyword !== 'boolean') ?? errors[0]
  if (first === undefined) return errorOf('', '#', 'type', {}, 'invalid body')
  const { instancePath, schemaPath, keyword, params, message } = first
  if (first.keyword === 'required') {
    const [missingProperty = ''] = first.params.requiredProperties
    const text = `must have required property '${missingProperty}'`
    return errorOf(instancePath, schemaPath, keyword, { missingProperty }, text)
  }
  if (first.keyword === 'additionalProperties') {
    const [additionalProperty = ''] = first.params.additionalProperties
    return errorOf(instancePath, schemaPath, keyword, { additionalProperty }, 'must NOT have additional properties')
  }
  return errorOf(instancePath, schemaPath, keyword, params, message.replace(/^must not /, 'must NOT '))
}

const errorOf = (instancePath: string, schemaPath: string, keyword: string, params: object, message: string) => ({
  instancePath,
  schemaPath: `${schemaPath}/${keyword}`,
  keyword,
  params,
  message,
})
