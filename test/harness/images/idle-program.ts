/** Where the segment lies in memory, and where in it the code begins: behind the two headers. */
const BASE = 0x40_0000
const HEADERS = 64 + 56

interface Machine {
  /** `e_machine` of the ELF header. */
  readonly id: number
  /** Waits for a signal, for ever. */
  readonly code: Buffer
}

const MACHINES: Readonly<Record<string, Machine>> = {
  // mov eax, 34 (pause); syscall; jmp to the start
  amd64: { id: 62, code: Buffer.from('b8220000000f05ebf7', 'hex') },
  // movz x0…x4, 0; movz x8, 73 (ppoll); svc 0; b to the start
  arm64: {
    id: 183,
    code: words(
      0xd2800000,
      0xd2800001,
      0xd2800002,
      0xd2800003,
      0xd2800004,
      0xd2800928,
      0xd4000001,
      0x17fffff9,
    ),
  },
}

function words(...instructions: readonly number[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 4)
  for (const [at, instruction] of instructions.entries()) bytes.writeUInt32LE(instruction, at * 4)
  return bytes
}

/**
 * A program for Linux that does nothing until it is killed: a static ELF of under 200 bytes (System V ABI, chapters 4
 * and 5), so that test images run without a compiler. As the first process of a container it ends by SIGKILL only.
 * @param architecture `amd64` or `arm64`
 * @throws Error for any other
 */
export function idleProgram(architecture: string): Buffer {
  const machine = MACHINES[architecture]
  if (machine === undefined) throw new Error(`no idle program for ${architecture}`)
  const headers = Buffer.alloc(HEADERS)
  // 64 bits, little-endian, version 1, System V.
  headers.write('\x7fELF\x02\x01\x01', 'latin1')
  headers.writeUInt16LE(2, 16) // executable
  headers.writeUInt16LE(machine.id, 18)
  headers.writeUInt32LE(1, 20)
  headers.writeBigUInt64LE(BigInt(BASE + HEADERS), 24) // entry
  headers.writeBigUInt64LE(64n, 32) // the program header follows at once
  headers.writeUInt16LE(64, 52)
  headers.writeUInt16LE(56, 54)
  headers.writeUInt16LE(1, 56) // one segment
  headers.writeUInt32LE(1, 64) // loaded
  headers.writeUInt32LE(5, 68) // readable, executable
  headers.writeBigUInt64LE(BigInt(BASE), 80)
  headers.writeBigUInt64LE(BigInt(BASE), 88)
  const size = BigInt(HEADERS + machine.code.length)
  headers.writeBigUInt64LE(size, 96)
  headers.writeBigUInt64LE(size, 104)
  headers.writeBigUInt64LE(0x1000n, 112)
  return Buffer.concat([headers, machine.code])
}
