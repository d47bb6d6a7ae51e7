import { clientException } from '../errors.ts'

/** `"1024"`, `"1 vCPU"`, `".25 vcpu"` → `"1024"`. Throws ClientException. */
export function cpuText(given: string): string {
  const plain = /^\s*(\d+)\s*$/.exec(given)
  if (plain) return String(Number(plain[1]))
  const cores = /^\s*(\d*\.?\d+)\s*vcpu\s*$/i.exec(given)
  const units = cores ? Number(cores[1]) * 1024 : Number.NaN
  if (Number.isInteger(units)) return String(units)
  throw clientException(
    "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
  )
}

/** `"512"`, `"1GB"`, `"0.5 GB"` → MiB as text. Throws ClientException. */
export function memoryText(given: string): string {
  const plain = /^\s*(\d+)\s*$/.exec(given)
  if (plain) return String(Number(plain[1]))
  const gigabytes = /^\s*(\d*\.?\d+)\s*gb\s*$/i.exec(given)
  const mebibytes = gigabytes ? Number(gigabytes[1]) * 1024 : Number.NaN
  if (Number.isInteger(mebibytes)) return String(mebibytes)
  throw clientException(
    "Invalid 'memory' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
  )
}
