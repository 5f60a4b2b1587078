/** A place in a LinkedQueue. */
export interface Node<T> {
  readonly value: T
  previous: Node<T> | undefined
  next: Node<T> | undefined
  queued: boolean
}

/** First in, first out, with removal from the middle; every operation takes constant time. */
export class LinkedQueue<T> {
  #head: Node<T> | undefined
  #tail: Node<T> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  push(value: T): Node<T> {
    const node: Node<T> = { value, previous: this.#tail, next: undefined, queued: true }
    if (this.#tail === undefined) this.#head = node
    else this.#tail.next = node
    this.#tail = node
    this.#size += 1
    return node
  }

  shift(): T | undefined {
    const node = this.#head
    if (node === undefined) return undefined
    this.remove(node)
    return node.value
  }

  /** Takes a node out. Does nothing where it is out already. */
  remove(node: Node<T>): void {
    if (!node.queued) return
    node.queued = false
    if (node.previous === undefined) this.#head = node.next
    else node.previous.next = node.next
    if (node.next === undefined) this.#tail = node.previous
    else node.next.previous = node.previous
    // Whoever still holds the node, such as a listener, would hold all that came after it.
    node.previous = undefined
    node.next = undefined
    this.#size -= 1
  }
}
