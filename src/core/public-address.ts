import { BlockList, isIP } from 'node:net'

/** Not reachable over the Internet, by the IANA special-purpose address registries (RFC 6890 and its updates). */
const NOT_PUBLIC: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

/** Whether a server's own network may be protected from requests that a user chose the address of. */
export type AddressRule = (address: string) => boolean

/**
 * Lets through public addresses and those of `allowed` (CIDR, or an address alone). An IPv4 address inside an IPv6 one
 * (mapped, NAT64) counts as itself. Throws for an `allowed` that is neither.
 */
export function publicAddresses(allowed: readonly string[]): AddressRule {
  const open = listOf(allowed)
  const shut = listOf(NOT_PUBLIC)
  return (text) => {
    const address = text.replace(/%.*$/, '')
    if (isIP(address) === 0) return false
    const forms = [address, ...innerIpv4(address)]
    if (forms.some((form) => isIn(open, form))) return true
    const decisive = forms[forms.length - 1]!
    return !isIn(shut, decisive)
  }
}

const isIn = (list: BlockList, address: string): boolean => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits, ...rest] = range.split('/')
    const family = isIP(address)
    const most = family === 6 ? 128 : 32
    const prefix = bits === undefined ? most : Number(bits)
    if (family === 0 || rest.length > 0 || bits === '' || !Number.isInteger(prefix) || prefix < 0 || prefix > most)
      throw new Error(`${JSON.stringify(range)} is not a range of addresses, as 10.0.0.0/8 is`)
    list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

/** Mapped (`::ffff:0:0/96`, RFC 4291) and NAT64 (`64:ff9b::/96`, RFC 6052) addresses end in an IPv4 one. */
function innerIpv4(address: string): readonly string[] {
  if (isIP(address) !== 6) return []
  const groups = groupsOf(address)
  const prefix = groups.slice(0, 6).join(':')
  if (prefix !== '0:0:0:0:0:ffff' && prefix !== '64:ff9b:0:0:0:0') return []
  const bytes = groups.slice(6).flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
  return [bytes.join('.')]
}

/** Eight hexadecimal groups without leading zeros. */
function groupsOf(address: string): readonly string[] {
  // The URL parser writes every spelling in one: hexadecimal, shortest.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = text.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
}
