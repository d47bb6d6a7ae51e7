/** Replies of AWS's query protocol, which STS speaks: XML. */
const XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'

export interface Elements {
  readonly [name: string]: string | Elements
}

export const queryReply = (action: string, result: Elements, requestId: string): string =>
  [
    `<${action}Response ${XMLNS}>`,
    `<${action}Result>${xml(result)}</${action}Result>`,
    `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`,
    `</${action}Response>`,
  ].join('\n')

/** What STS calls the refusals that JSON services name otherwise (STS API reference, common errors). */
const CODES: Readonly<Record<string, string>> = {
  UnrecognizedClientException: 'InvalidClientTokenId',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  UnknownOperationException: 'UnknownOperationException',
}

/** `type`: of an AwsError. */
export const queryError = (type: string, message: string, requestId: string): string =>
  [
    `<ErrorResponse ${XMLNS}>`,
    `<Error>${xml({ Type: 'Sender', Code: CODES[type] ?? type.replace(/Exception$/, ''), Message: message })}</Error>`,
    `<RequestId>${requestId}</RequestId>`,
    '</ErrorResponse>',
  ].join('\n')

/** An action of a service that is not served, in the form that its clients read: EC2 has one of its own. */
export function unknownAction(action: string, service: string, requestId: string): string {
  const message = `The action ${action} is not valid for this web service.`
  if (service !== 'ec2') return queryError('UnknownOperationException', message, requestId)
  const error = { Code: 'UnknownOperationException', Message: message }
  return xml({ Response: { Errors: { Error: error }, RequestID: requestId } })
}

const xml = (elements: Elements): string =>
  Object.entries(elements)
    .map(([name, value]) => `<${name}>${typeof value === 'string' ? escaped(value) : xml(value)}</${name}>`)
    .join('')

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => ENTITIES[c]!)
