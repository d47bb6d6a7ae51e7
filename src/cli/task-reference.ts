/** `NAME` or `NAME:REVISION`. */
export function taskReference(text: string): { readonly name: string; readonly revision?: number } {
  const match = /^(.+):(\d+)$/.exec(text)
  return match ? { name: match[1]!, revision: Number(match[2]) } : { name: text }
}
