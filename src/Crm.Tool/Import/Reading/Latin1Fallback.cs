using System.Text;

namespace Crm.Tool.Import.Reading;

/// <summary>Reads bytes that are no UTF-8 as ISO 8859-1, each as one character.</summary>
internal sealed class Latin1Fallback : DecoderFallback
{
    public override int MaxCharCount => 4;

    public override DecoderFallbackBuffer CreateFallbackBuffer() => new Bytes();

    private sealed class Bytes : DecoderFallbackBuffer
    {
        private byte[] unknown = [];
        private int next;

        public override int Remaining => unknown.Length - next;

        public override bool Fallback(byte[] bytesUnknown, int index)
        {
            unknown = [.. bytesUnknown];
            next = 0;
            return unknown.Length > 0;
        }

        public override char GetNextChar() => next < unknown.Length ? (char)unknown[next++] : '\0';

        public override bool MovePrevious()
        {
            if (next == 0)
            {
                return false;
            }

            next--;
            return true;
        }

        public override void Reset()
        {
            unknown = [];
            next = 0;
        }
    }
}
