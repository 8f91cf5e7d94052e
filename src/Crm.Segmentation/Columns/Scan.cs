namespace Crm.Segmentation.Columns;

/// <summary>Answers a part of a condition for a block of customers: bit i of the answer is customer first + i.</summary>
internal abstract class Scan
{
    /// <summary>Fills the bits of the customers from first until end; bits beyond stay 0.</summary>
    public abstract void Fill(int first, int end, Span<ulong> bits);

    /// <summary>How many words the bits of a block take.</summary>
    protected static int Words(int first, int end) => (end - first + 63) / 64;

    /// <summary>Everybody or nobody.</summary>
    internal sealed class Constant(bool holds) : Scan
    {
        public override void Fill(int first, int end, Span<ulong> bits)
        {
            var words = Words(first, end);
            bits[..words].Fill(holds ? ulong.MaxValue : 0);
            Trim(first, end, bits);
        }
    }

    /// <summary>Those of whom the part does not hold.</summary>
    internal sealed class Not(Scan of) : Scan
    {
        public override void Fill(int first, int end, Span<ulong> bits)
        {
            of.Fill(first, end, bits);
            for (var i = 0; i < Words(first, end); i++)
            {
                bits[i] = ~bits[i];
            }

            Trim(first, end, bits);
        }
    }

    /// <summary>Those of whom all parts hold, or any; once a block is decided the other parts are not read.</summary>
    internal sealed class Joined(Scan[] parts, bool all) : Scan
    {
        public override void Fill(int first, int end, Span<ulong> bits)
        {
            var words = Words(first, end);
            new Constant(all).Fill(first, end, bits);
            Span<ulong> part = stackalloc ulong[Population.Block / 64];
            foreach (var scan in parts)
            {
                scan.Fill(first, end, part);
                var open = false;
                for (var i = 0; i < words; i++)
                {
                    bits[i] = all ? bits[i] & part[i] : bits[i] | part[i];
                    open |= all ? bits[i] != 0 : bits[i] != ulong.MaxValue;
                }

                if (!open)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Customers asked one by one.</summary>
    internal abstract class OneByOne : Scan
    {
        public override void Fill(int first, int end, Span<ulong> bits)
        {
            for (var word = 0; word < Words(first, end); word++)
            {
                var from = first + (64 * word);
                bits[word] = Word(from, Math.Min(from + 64, end));
            }
        }

        /// <summary>The bits of at most 64 customers.</summary>
        protected abstract ulong Word(int first, int end);
    }

    private static void Trim(int first, int end, Span<ulong> bits)
    {
        var rest = (end - first) % 64;
        if (rest != 0)
        {
            bits[(end - first) / 64] &= (1UL << rest) - 1;
        }
    }
}
