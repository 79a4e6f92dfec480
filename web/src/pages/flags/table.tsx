import { Checkbox, VisuallyHidden } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { ListedFlag } from '~/api/flag-list'
import type { Environment } from '~/api/flags'
import './flags.css'
import { useListKeys } from './keys'
import { FlagRow } from './row'
import type { Selection } from './selection'
import { ROW_HEIGHT, scrolledTo, useWindow } from './window'

const HEAD_HEIGHT = 37
// How many rows before the end of what is loaded more is asked for.
const AHEAD = 60

/** The flags that are loaded, of which only those in sight are drawn. */
export function FlagTable({
  flags,
  total,
  environments,
  selection,
  more,
}: {
  flags: ListedFlag[]
  /** How many there are on the server. */
  total: number
  environments: Environment[]
  selection: Selection
  /** Loads more; null when there are none or they are on their way. */
  more: (() => void) | null
}) {
  const frame = useRef<HTMLDivElement>(null)
  const [from, to] = useWindow(frame, flags.length)
  const navigate = useNavigate()
  const open = useCallback(
    (flag: ListedFlag) => void navigate({ to: '/flags/$flagId', params: { flagId: flag.id } }),
    [navigate],
  )
  useMark(frame, flags, selection, open)
  useEffect(() => {
    if (to > flags.length - AHEAD) more?.()
  }, [to, flags.length, more])
  return (
    <div className="card flag-frame" ref={frame} data-scroll-restoration-id="flags">
      <table
        className="flag-table"
        aria-rowcount={total + 1}
        style={{ minWidth: 36 + 240 + environments.length * 118 + 150 + 70 + 110 }}
      >
        <caption>
          <VisuallyHidden>Flags with how they stand in every environment</VisuallyHidden>
        </caption>
        <colgroup>
          <col style={{ width: 40 }} />
          <col />
          {environments.map(({ id }) => (
            <col key={id} style={{ width: environments.length > 4 ? 104 : 122 }} />
          ))}
          <col style={{ width: 160 }} />
          <col style={{ width: 76 }} />
          <col style={{ width: 120 }} />
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <Checkbox
                size="xs"
                aria-label={`Select the ${flags.length} flags that are loaded`}
                checked={selection.chosen.size > 0 && selection.chosen.size >= flags.length}
                indeterminate={selection.chosen.size > 0 && selection.chosen.size < flags.length}
                onChange={event => selection.all(event.currentTarget.checked ? flags : [])}
              />
            </th>
            <th scope="col">Flag</th>
            {environments.map(({ id, name }) => (
              <th key={id} scope="col" title={name}>
                {name}
              </th>
            ))}
            <th scope="col">Tags</th>
            <th scope="col">Type</th>
            <th scope="col">Changed</th>
          </tr>
        </thead>
        <tbody>
          <Gap rows={from} />
          {flags.slice(from, to).map((flag, offset) => (
            <FlagRow
              key={flag.id}
              flag={flag}
              place={from + offset}
              environments={environments}
              selected={selection.chosen.has(flag.id)}
              select={selection.choose}
              open={open}
            />
          ))}
          <Gap rows={flags.length - to} />
        </tbody>
      </table>
    </div>
  )
}

/** Room for rows that are not drawn. */
function Gap({ rows }: { rows: number }) {
  return rows > 0 ? (
    <tr aria-hidden>
      <td style={{ height: rows * ROW_HEIGHT, padding: 0 }} />
    </tr>
  ) : null
}

/** The row that the keys are about: its link has the focus, so that Enter, and a screen reader, know it too. */
function useMark(
  frame: React.RefObject<HTMLDivElement | null>,
  flags: ListedFlag[],
  selection: Selection,
  open: (flag: ListedFlag) => void,
) {
  const [active, setActive] = useState(-1)
  const place = Math.min(active, flags.length - 1)
  useListKeys(place, flags.length, move => {
    const flag = flags[place]
    if (move === 'open' && flag) open(flag)
    else if (move === 'select' && flag) selection.choose(flag, place, false)
    else if (typeof move === 'object') {
      setActive(move.to)
      const element = frame.current
      if (element === null) return
      element.scrollTop = scrolledTo(move.to, element.scrollTop, element.clientHeight, HEAD_HEIGHT)
      // It may have to be drawn first.
      requestAnimationFrame(() =>
        requestAnimationFrame(() =>
          element.querySelector<HTMLElement>(`[data-flag-row="${move.to}"] a`)?.focus({ preventScroll: true }),
        ),
      )
    }
  })
  // Whoever moves by Tab or pointer goes on from there.
  useEffect(() => {
    const element = frame.current
    const follow = (event: FocusEvent) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>('[data-flag-row]')
      if (row) setActive(Number(row.dataset.flagRow))
    }
    element?.addEventListener('focusin', follow)
    return () => element?.removeEventListener('focusin', follow)
  }, [frame])
}
