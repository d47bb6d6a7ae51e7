import { Readable } from 'node:stream'
import { EngineError } from '../../../core/engine-error.ts'
import type { StoredBody } from '../../kit/body.ts'
import { readForm } from '../../kit/form.ts'
import { messageParseError, unprocessable } from '../errors.ts'
import type { Call } from '../operation.ts'

/**
 * The file of a form, kept under `key` as it arrives. Undefined where the form has none. Throws Cloud Controller's error
 * for what is no form, breaks off or is too large; nothing is then kept.
 */
export async function receiveUpload(call: Call, field: string, key: string): Promise<StoredBody | undefined> {
  const { request, context, caller, options } = call
  if (!(request.body instanceof Readable)) throw messageParseError()
  try {
    const form = await readForm(request.body, request.headers, {
      objects: context.objects,
      tenant: caller.tenant,
      limitBytes: options.uploadLimit,
      keyOf: (name) => (name === field ? key : `${key}.${encodeURIComponent(name)}`),
    })
    for (const other of form.files) if (other.field !== field) await context.objects.remove(caller.tenant, other.key)
    return form.files.find((file) => file.field === field)
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    if (error.code === 'exhausted')
      throw unprocessable(
        `The uploaded bits are larger than ${options.uploadLimit} bytes, or there is no room for them`,
      )
    throw messageParseError()
  }
}
