using Crm.Conditions;
using Crm.Values;

namespace Crm.Segmentation.Explanations;

/// <summary>A value that would have to be another for a customer to enter a segment, or to leave it.</summary>
/// <param name="Leaf">A leaf of the condition that asks for the value.</param>
/// <param name="From">What it is; missing where there is none, and for profile fields, which are personal.</param>
/// <param name="To">What it would have to be; missing where that is no value, or any other for which <paramref name="Text"/> is true: a member because of a code leaves with every other code, and one because of at least 0.5 with anything less.</param>
/// <param name="Text">That as a sentence.</param>
public sealed record NeededChange(Condition Leaf, Scalar From, Scalar To, Text Text);
