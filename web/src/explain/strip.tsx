import { Box, Text } from '@mantine/core'
import { type Strip, stripSentence } from './answer'

const SHADES = ['blue', 'grape', 'orange', 'cyan', 'pink', 'lime', 'indigo', 'yellow']

/** The buckets of a hash as a strip, with a mark where somebody fell. The sentence below says the same. */
export function BucketStrip({ strip }: { strip: Strip }) {
  const { total, bucket, ranges, decides } = strip
  const percent = (value: number) => `${(100 * value) / total}%`
  return (
    <Box my={6} maw={520}>
      <Box
        pos="relative"
        h={14}
        aria-hidden
        style={{ background: 'var(--line)', borderRadius: 3, overflow: 'visible' }}
      >
        {ranges.map(({ start, end, variants, held }, position) => (
          <Box
            key={`${start}-${end}`}
            pos="absolute"
            top={0}
            h="100%"
            left={percent(start)}
            w={percent(end - start)}
            title={variants.join(', ')}
            style={{
              background: held
                ? 'var(--mantine-primary-color-filled)'
                : `light-dark(var(--mantine-color-${SHADES[position % SHADES.length]}-2), color-mix(in srgb, var(--mantine-color-${SHADES[position % SHADES.length]}-9) 60%, transparent))`,
              borderRight: '1px solid var(--card)',
            }}
          />
        ))}
        <Box
          pos="absolute"
          top={-3}
          h={20}
          w={2}
          left={percent(bucket)}
          style={{ background: 'var(--mantine-color-text)', borderRadius: 1 }}
        />
      </Box>
      <Text size="xs" c="dimmed" mt={4}>
        {decides === 'traffic' ? 'Who takes part: ' : 'Which variant: '}
        {stripSentence(strip)}
      </Text>
    </Box>
  )
}
