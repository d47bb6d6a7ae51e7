import type { Call } from '../../operation.ts'

/** `sts:GetCallerIdentity`, of the query protocol: Terraform and many scripts ask who they are before anything else. */
export function callerIdentity(call: Call, requestId: string): string {
  const { account } = call.home
  const id = call.principal.id
  return [
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">',
    '  <GetCallerIdentityResult>',
    `    <Arn>arn:aws:iam::${account}:user/${escaped(id)}</Arn>`,
    `    <UserId>${escaped(id)}</UserId>`,
    `    <Account>${account}</Account>`,
    '  </GetCallerIdentityResult>',
    `  <ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`,
    '</GetCallerIdentityResponse>',
  ].join('\n')
}

/** An error of the query protocol. */
export const queryError = (code: string, message: string, requestId: string): string =>
  [
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">',
    `  <Error><Type>Sender</Type><Code>${escaped(code)}</Code><Message>${escaped(message)}</Message></Error>`,
    `  <RequestId>${requestId}</RequestId>`,
    '</ErrorResponse>',
  ].join('\n')

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => ENTITIES[c]!)
