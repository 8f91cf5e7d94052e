using System.Buffers.Binary;
using System.Security.Cryptography;
using Crm.Values;

namespace Crm.Engine;

/// <summary>Ids from the system's random numbers: nobody can guess one from another.</summary>
public sealed class RandomIdSource : IIdSource
{
    /// <inheritdoc/>
    public CustomerId NewCustomerId()
    {
        Span<byte> bits = stackalloc byte[16];
        do
        {
            RandomNumberGenerator.Fill(bits);
        }
        while (bits.IndexOfAnyExcept((byte)0) < 0);
        return new CustomerId(BinaryPrimitives.ReadUInt128LittleEndian(bits));
    }
}
